"""The HTML report: a page, its pictures, and the SVG that they are drawn in."""
