from base import *

class Case(Base):
    """The authorization server no longer knows the client a dynamic registration made; it says so as JSON with 422."""
    def authorize(self, r):
        return 422, {}, {"message": "Unrecognized client_id"}


main(Case)
