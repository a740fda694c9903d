"""From the bytes of a file to a sheet of columns: CSV, Parquet and NPZ."""
