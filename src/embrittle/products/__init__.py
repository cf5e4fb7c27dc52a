"""What a study is made for: tables and figures, one room each; `registry.PRODUCTS` lists them."""
