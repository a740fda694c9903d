"""The keys of the main screen."""

from textual.binding import Binding, BindingType

from lossterm.reports.next_steps import Kind
from lossterm.tui.screens.main_layout import VIEWS

SCREEN: list[BindingType] = [
    Binding("r", "run", "Run", id="main.run", tooltip="Train the ticked losses"),
    Binding("s", "stop", "Stop", id="main.stop", tooltip="Stop the training; what is there is kept"),
    Binding("t", "settle", "Settle", id="main.settle", tooltip="Add the seeds that would settle what is open"),
    Binding(
        "R", "race", "Race", id="main.race", tooltip="Train the ticked losses until all is settled; worse ones stop"
    ),
    Binding(
        "W", "take('rates')", "Wider", show=False, id="main.rates", tooltip="Try rates beyond the edge of those tried"
    ),
    Binding("E", "take('epochs')", "Longer", show=False, id="main.epochs", tooltip="Train anew for twice the epochs"),
    Binding("D", "take('losses')", "Advised", show=False, id="main.losses", tooltip="Train the advised losses (★) too"),
    Binding("f", "file", "File", id="main.file", tooltip="Train on a table of your own: CSV, TSV, Parquet, NPZ"),
    Binding("N", "network", "Network", id="main.network", tooltip="Choose layers, optimizer, early stopping and more"),
    Binding("w", "export", "Export", id="main.export", tooltip="Write the session for another tool, or as a report"),
    Binding("o", "rank_by", "Rank", id="main.rank", tooltip="Rank by the next metric; nothing is trained"),
    *(
        Binding(
            str(number),
            f"show('{view}')",
            "Views" if number == 1 else view.capitalize(),
            show=number == 1,
            id=f"view.{view}",
            tooltip=f"Show the {view}{', alone where there is little room' if number == 1 else ''}",
        )
        for number, view in enumerate(VIEWS, 1)
    ),
    Binding("escape", "out", "Back", show=False, id="main.out", tooltip="Go one layer out: zoom, cursor, view"),
    Binding(
        "left_square_bracket",
        "turn('choices')",
        "Choices",
        show=False,
        id="main.choices",
        tooltip="Show or hide the choices",
    ),
    Binding(
        "right_square_bracket",
        "turn('scores')",
        "Scores",
        show=False,
        id="main.scores",
        tooltip="Show or hide the scores",
    ),
    Binding(
        "slash", "filter", "Filter", id="main.filter", tooltip="Show only losses or comparisons that match a pattern"
    ),
    Binding("m", "panel('next_chart')", "Chart", id="view.chart", tooltip="Show the next chart of the view"),
    Binding("i", "panel('each_seed')", "Seeds", id="curves.seeds", tooltip="Each seed's curve, or median and band"),
    Binding("y", "panel('log')", "Log", id="curves.log", tooltip="Logarithmic axis, or linear again"),
    Binding("b", "panel('splits')", "Splits", id="curves.splits", tooltip="Train and held-out: both, one, or apart"),
    Binding("plus,equals_sign", "panel('smoother')", "Smooth", id="curves.smoother", tooltip="Smooth the curves more"),
    Binding("minus", "panel('rougher')", "Less", show=False, id="curves.rougher", tooltip="Smooth the curves less"),
    Binding("0", "panel('unsmooth')", "Plain", show=False, id="curves.unsmooth", tooltip="Smooth nothing"),
    Binding("left,h", "panel('back')", "Cursor back", show=False, id="view.back", tooltip="Cursor: an epoch back"),
    Binding("right,l", "panel('forth')", "Cursor on", show=False, id="view.forth", tooltip="Cursor: an epoch on"),
    Binding(
        "shift+left,H", "panel('fast_back')", "Far back", show=False, id="view.fast_back", tooltip="Cursor: far back"
    ),
    Binding(
        "shift+right,L", "panel('fast_forth')", "Far on", show=False, id="view.fast_forth", tooltip="Cursor: far on"
    ),
    Binding(
        "full_stop",
        "panel('next_row')",
        "Row",
        show=False,
        id="view.next_row",
        tooltip="Mark the next row that decides, or show further rows",
    ),
    Binding(
        "comma",
        "panel('last_row')",
        "Row",
        show=False,
        id="view.last_row",
        tooltip="Mark the one before, or show those before",
    ),
    Binding("less_than_sign", "panel('pan_back')", "Pan", show=False, id="curves.pan_back", tooltip="Pan to the left"),
    Binding(
        "greater_than_sign", "panel('pan_forth')", "Pan", show=False, id="curves.pan_forth", tooltip="Pan to the right"
    ),
    Binding("p", "panel('pin')", "Pin", id="curves.pin", tooltip="Draw the selected loss on top"),
    Binding("x", "panel('hide')", "Hide", id="curves.hide", tooltip="Hide the selected loss's curve, or show it again"),
    Binding(
        "g", "machine", "Machine", show=False, id="main.machine", tooltip="Cores, cards, memory over the last minutes"
    ),
    Binding("question_mark", "help", "Help", id="main.help", tooltip="List every key"),
    Binding("q,ctrl+q", "leave", "Quit", id="main.quit", tooltip="Leave the app; asks if training goes on"),
]
"""Keys that work from every panel; a key that a panel knows goes there first."""

ACTIONS = tuple(dict.fromkeys(one.action for one in SCREEN if isinstance(one, Binding)))
"""What they do, as bindings write it."""

STEPS: dict[Kind, str] = {
    "seeds": "main.settle",
    "rates": "main.rates",
    "epochs": "main.epochs",
    "losses": "main.losses",
    "race": "main.race",
}
"""Kind of a next step → the binding that takes it."""
