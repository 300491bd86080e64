from base import *

class Case(Base):
    """The tokens stand in a member of their own."""
    def token_answer(self, access, refresh, scope):
        return {"ok": True, "app_id": "A1", "authed_user": {"id": "U1", **super().token_answer(access, refresh, scope)}}


main(Case)
