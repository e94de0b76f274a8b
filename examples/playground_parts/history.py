"""The losses, epoch by epoch, in a list that does not grow for ever."""

MOST = 2000


class History:
    """(epoch, training loss, test loss). When it gets too long every second entry goes, and half as many come.

    >>> history = History()
    >>> for epoch in range(5000):
    ...     history.add(epoch, 1.0, 2.0)
    >>> len(history.entries), history.entries[1][0]
    (1250, 4)
    """

    def __init__(self) -> None:
        self.entries: list[tuple[int, float, float]] = []
        self.every = 1

    def add(self, epoch: int, train: float, test: float) -> None:
        if epoch % self.every:
            return
        self.entries.append((epoch, train, test))
        if len(self.entries) > MOST:
            self.every *= 2
            self.entries = self.entries[::2]

    def cut(self, epoch: int) -> None:
        """Forgets what came after this epoch."""
        while self.entries and self.entries[-1][0] > epoch:
            self.entries.pop()
