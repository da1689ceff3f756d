class Class:
    @staticmethod
    def handler(event, context):
        return "in class"


def handler(event, context):
    return __name__
