from base import *

class Case(Base):
    """registration_endpoint is null."""
    def metadata(self):
        return {**super().metadata(), "registration_endpoint": None}


main(Case)
