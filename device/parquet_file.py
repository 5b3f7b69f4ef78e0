"""Parquet files that anybody may have written: opened so that a broken one costs a fault, not memory or the process."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from device.errors import DamagedFileError, EmptyFileError, ReadError

_THRIFT_LIMIT: Final = 64 << 20
_BUFFER_BYTES: Final = 1 << 20
#: Row groups up to here are read a column at a time. In larger ones pages are read one by one, and Arrow then makes
#: room for whatever size a page claims, up to 2 GiB.
_WHOLE_BYTES: Final = 256 << 20


@contextmanager
def opened(path: Path, remedy: str) -> Iterator[Any]:
    """Open a Parquet file as pyarrow's ``ParquetFile``, page checksums verified.

    What is wrong with it, now or while it is used, is an `EmptyFileError`, a `DamagedFileError` with ``remedy``, or
    another `ReadError`. Of its metadata use rows and sizes of row groups: to look at a column's can end the process.
    """
    where = str(path)
    try:
        if not path.stat().st_size:
            raise EmptyFileError("the file is empty", where, "a Parquet file", "check that the recording was started")
        with _parquet_file(path, 0) as file:
            groups = (file.metadata.row_group(k).total_byte_size for k in range(file.num_row_groups))
            if max(groups, default=0) <= _WHOLE_BYTES:
                yield file
                return
        with _parquet_file(path, _BUFFER_BYTES) as file:
            yield file
    except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
        raise ReadError(f"can't be read: {error.strerror or 'no such file'}", where) from error
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        what = next(iter(str(error).splitlines()), type(error).__name__)[:160]
        raise DamagedFileError(f"not a whole Parquet file: {what}", where, "Parquet", remedy) from error


def _parquet_file(path: Path, buffer_bytes: int) -> Any:
    return pq.ParquetFile(
        path,
        buffer_size=buffer_bytes,
        pre_buffer=False,
        page_checksum_verification=True,
        thrift_string_size_limit=_THRIFT_LIMIT,
        thrift_container_size_limit=_THRIFT_LIMIT,
    )
