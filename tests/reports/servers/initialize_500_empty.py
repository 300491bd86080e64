from base import *

class Case(Base):
    """A valid token, and initialize ends in 500 with an empty body."""
    def rpc(self, r, message):
        return 500, {"Content-Type": "text/plain"}, b""


main(Case)
