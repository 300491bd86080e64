from base import *

class Case(Base):
    """The cap on registered clients is reached, and the handler lets an exception out: 500 with a JSON body."""
    def register(self, r):
        return 500, {}, {"error": "server_error", "error_description": "Internal Server Error"}


main(Case)
