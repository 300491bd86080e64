from base import *

class Case(Base):
    """A firewall in front of the registration endpoint refuses bodies that have http://127.0.0.1 in them."""
    def register(self, r):
        if b"127.0.0.1" in r.body:
            return 403, {"x-amzn-ErrorType": "ForbiddenException", "x-amzn-RequestId": "4f0c"}, {"message": "Forbidden"}
        return super().register(r)


main(Case)
