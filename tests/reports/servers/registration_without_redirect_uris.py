from base import *

class Case(Base):
    """The answer to a registration has no redirect_uris."""
    def register(self, r):
        status, headers, body = super().register(r)
        return status, headers, {k: v for k, v in body.items() if k != "redirect_uris"}


main(Case)
