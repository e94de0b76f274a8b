"""Files that are whole: nobody ever meets half of one."""

import os
import shutil
from pathlib import Path
from uuid import uuid4


def write(path: Path, content: bytes) -> Path:
    """Writes beside and renames, so that nobody ever meets half a file. A link stays a link, the mode stays."""
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        raise OSError(f"{path} is not an ordinary file: nothing was written")
    beside = target.with_name(f".{uuid4().hex}.tmp")
    try:
        beside.write_bytes(content)
        if target.exists():
            shutil.copymode(target, beside)
        os.replace(beside, target)
    finally:
        beside.unlink(missing_ok=True)
    return path
