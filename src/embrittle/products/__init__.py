"""What a study is made for: tables and figures, one room each. Light: the Snakefile reads the plans."""

from embrittle.products.budgets.plan import BUDGETS
from embrittle.products.characteristics.plan import CHARACTERISTICS
from embrittle.products.curves.plan import CURVES
from embrittle.products.fairness.plan import FAIRNESS
from embrittle.products.poster.plan import POSTER
from embrittle.products.product import Product
from embrittle.products.table1.plan import TABLE1

PRODUCTS: dict[str, Product] = {
    product.name: product
    for product in (TABLE1, FAIRNESS, CURVES, CHARACTERISTICS, POSTER, BUDGETS)
}
