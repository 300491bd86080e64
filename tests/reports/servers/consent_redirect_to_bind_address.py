from base import *

class Case(Base):
    """The authorization endpoint redirects to its consent page at the address that the container binds."""
    def setup(self):
        self.inner = closed_port()

    def consent_page(self, r, q):
        return 307, {"Location": f"http://0.0.0.0:{self.inner}/consent?" + r.raw_query}, b""


main(Case)
