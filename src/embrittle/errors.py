"""The errors a user can cause or meet. Every message says what is wrong, where, and what to do."""


class EmbrittleError(Exception):
    """Base of all errors raised on purpose by this library."""


class ConfigError(EmbrittleError):
    """The configuration or the data set registry is not usable."""


class DownloadError(EmbrittleError):
    """A source file could not be fetched, or is not the file it should be."""


class DataError(EmbrittleError):
    """A data file or data set does not have the content that a stage needs."""


class TrainingError(EmbrittleError):
    """Training cannot start or has gone wrong."""


class DeviceError(EmbrittleError):
    """The asked-for device is unknown or not there."""


class MachineError(EmbrittleError):
    """The machine has run out of something, or does not let us write."""
