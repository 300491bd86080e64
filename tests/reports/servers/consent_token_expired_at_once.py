from base import *

class Case(Base):
    """The token of the consent form is replaced at each rendering, so that Allow is refused."""
    def consent(self, r):
        return self.page("Error", "<p>Invalid or expired consent token</p>", 400)


main(Case)
