from base import *

class Case(Base):
    """The upstream identity provider answers in the fragment, which no browser sends on."""
    def callback(self, redirect_uri, values):
        return redirect_uri + "#" + up.urlencode(values)


main(Case)
