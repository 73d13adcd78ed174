"""placeholder"""


def show(case):
    pass
