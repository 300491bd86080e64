from base import main
import registration_rate_limit


class Case(registration_rate_limit.Case):
    """The same limit, told in a member of another name."""
    member = "message"


main(Case)
