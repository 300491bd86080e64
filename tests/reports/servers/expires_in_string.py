from base import *

class Case(Base):
    """expires_in is a string, as the v1 token endpoint of Microsoft Entra answers."""
    def token_answer(self, access, refresh, scope):
        now = int(time.time())
        return {"token_type": "Bearer", "scope": scope, "expires_in": "5250", "ext_expires_in": "5250", "expires_on": str(now + 5250), "not_before": str(now), "access_token": access, "refresh_token": refresh}


main(Case)
