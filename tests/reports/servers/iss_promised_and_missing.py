from base import *

class Case(Base):
    """The metadata promises iss, and the callback has none."""
    def callback(self, redirect_uri, values):
        return super().callback(redirect_uri, {k: v for k, v in values.items() if k != "iss"})


main(Case)
