from base import *

class Case(Base):
    """DNS rebinding protection that only knows localhost: the token is checked first, then the Host header."""
    def rpc(self, r, message):
        return 421, {"Content-Type": "text/plain; charset=utf-8"}, "Invalid Host header"


main(Case)
