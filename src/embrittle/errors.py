"""The errors that users may cause or meet. Every message says what is wrong, where, and what to do."""


class EmbrittleError(Exception):
    """Base class of all errors that this library raises on purpose."""


class ConfigError(EmbrittleError):
    """The configuration or the registry of data sets is invalid."""


class DownloadError(EmbrittleError):
    """A source file could not be fetched, or its checksum is wrong."""


class DataError(EmbrittleError):
    """A data file or data set is damaged, or lacks content that a stage needs."""


class TrainingError(EmbrittleError):
    """Training cannot start, or has diverged."""


class DeviceError(EmbrittleError):
    """The configured device is unknown, unavailable or out of memory."""


class MachineError(EmbrittleError):
    """The machine is out of memory or disk space, or denies access to a file."""
