from base import *

class Case(Base):
    """Members that have no value are null instead of being left out."""
    def token_answer(self, access, refresh, scope):
        return {**super().token_answer(access, None, None), "id_token": None}


main(Case)
