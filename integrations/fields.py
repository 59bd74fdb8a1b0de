from django.db import models


class EncryptedTextField(models.BinaryField):
    pass
