"""What the node counts; each reading that was taken is in one of them."""


class Counters:
    """Since the board started. What a full ring dropped, the ring knows, also of before."""

    def __init__(self) -> None:
        self.taken = 0
        self.refilled = 0
        self.failed_reads = 0
        self.not_stored = 0
        self.sent = 0
        self.refused = 0
        self.undated = 0
        self.set_aside = 0
        self.posts = 0
        self.failed_posts = 0
