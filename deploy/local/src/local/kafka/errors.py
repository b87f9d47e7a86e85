"""What goes wrong with Kafka on this machine."""


class BrokerError(Exception):
    """Kafka could not be fetched, started or asked; the sentence says why and where to look."""


class ToolsMissingError(BrokerError):
    """Java or Maven is absent; the sentence says how to get each."""


class PortBusyError(BrokerError):
    """Another process listens on the port that the node needs."""
