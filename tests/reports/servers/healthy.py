from base import *

class Case(Base):
    pass


main(Case)
