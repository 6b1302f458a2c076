"""Packages that only some uses need: where one is missing, the error says what brings it."""

_EXTRAS = {"pandas": "frames", "pyarrow": "frames", "matplotlib": "plots", "jinja2": "plots", "polars": "polars",
           "xarray": "xarray"}


class Extras:
    """A block of imports. That a package is not installed is said with the extra of cucurbit that it belongs to."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, ModuleNotFoundError) and error.name in _EXTRAS:
            extra = f"cucurbit[{_EXTRAS[error.name]}]"
            said = f"this needs {error.name}, which the extra {extra} brings: pip install {error.name}"
            raise ModuleNotFoundError(said, name=error.name) from None
