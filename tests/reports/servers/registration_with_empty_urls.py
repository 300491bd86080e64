from base import *

class Case(Base):
    """The registration answer has empty strings where URLs stand; strict clients refuse it."""
    def register(self, r):
        status, headers, client = super().register(r)
        return status, headers, {**client, "client_uri": "", "logo_uri": "", "policy_uri": "", "tos_uri": "", "contacts": None}


main(Case)
