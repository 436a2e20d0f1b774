"""The pages for people: a price, the model, the service, a file of listings; and Swagger UI."""
