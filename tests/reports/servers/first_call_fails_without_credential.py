from base import *

class Case(Base):
    """The server falls over requests that carry no credential; its metadata is there."""
    def gate(self, r):
        if not r.bearer:
            return 500, {}, b""
        return super().gate(r)


main(Case)
