"""What the answers hold, each described once, and the OpenAPI document made from them."""
