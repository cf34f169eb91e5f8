"""Fills a new Tryton database with the objects that tests order against: company, users, products, sales.

tryton.py runs it in a process of its own, because a trytond loaded for proteus keeps its configuration and database in
globals:

    tryton_seed.py TRYTOND.CONF DATABASE
"""

import os
import sys
from decimal import Decimal

ADMIN = ("admin", "admin-secret-2209")
BOT = ("bot", "bot-secret-7351")
VIEWER = ("viewer", "viewer-pass-3820")  # in no group: no access to sales

# code, name, unit, price, salable
PRODUCTS = [
    ("10", "Engine oil 5W-30", "Liter", "12.50", True),
    ("20", "Gear oil 75W-90", "Liter", "18.90", True),
    ("30", "Oil filter", "Unit", "7.25", True),
    ("40", "Waste oil", "Liter", "0.10", False),
    ("50", "Additive", "Fine liter", "99.00", True),
]
DRAFTS = ["558", "559", "560", "777", "777"]  # 777 twice: ambiguous
PROCESSING = "600"
QUOTATION = "700"
CUSTOMER = "Test customer"


def seed_company():
    """The company with its chart of accounts. Without a fiscal year, which would expire; nothing here posts an invoice."""
    from trytond.modules.account.tests.tools import create_chart
    from trytond.modules.company.tests.tools import create_company, get_company
    from trytond.modules.currency.tests.tools import get_currency

    create_company(currency=get_currency("EUR"))
    company = get_company()
    create_chart(company)
    return company


def account_category(company):
    from proteus import Model
    from trytond.modules.account.tests.tools import create_tax, get_accounts

    tax = create_tax(Decimal("0.25"))
    tax.save()
    accounts = get_accounts(company)
    category = Model.get("product.category")(name="Workshop goods")
    category.accounting = True
    category.account_expense = accounts["expense"]
    category.account_revenue = accounts["revenue"]
    category.customer_taxes.append(tax)
    category.save()
    return category


def seed_fine_liter():
    """A litre with as many digits as an order's amount may have."""
    from proteus import Model

    Uom = Model.get("product.uom")
    (liter,) = Uom.find([("name", "=", "Liter")])
    Uom(
        name="Fine liter", symbol="fl", category=liter.category,
        rate=1.0, factor=1.0, rounding=0.000001, digits=6,
    ).save()


def seed_product(category, code, name, unit, price, salable):
    from proteus import Model

    (uom,) = Model.get("product.uom").find([("name", "=", unit)])
    template = Model.get("product.template")(name=name, default_uom=uom)
    template.type = "goods"
    template.salable = salable
    template.list_price = Decimal(price)
    template.account_category = category
    (product,) = template.products
    product.suffix_code = code  # `code` is computed from it
    template.save()


def seed_party():
    from proteus import Model

    term = Model.get("account.invoice.payment_term")(name="Direct")
    term.lines.new(type="remainder")
    term.save()
    party = Model.get("party.party")(name=CUSTOMER)
    party.customer_payment_term = term
    party.save()
    return party


def seed_sale(party, reference, *steps):
    """A draft sale taken through `steps`; with a line if there are any."""
    from proteus import Model

    sale = Model.get("sale.sale")(party=party, reference=reference)
    if steps:
        (product,) = Model.get("product.product").find([("code", "=", "30")])
        line = sale.lines.new()
        line.product = product  # set separately, so that the taxes are filled in
        line.quantity = 1.0
    sale.save()
    for step in steps:
        sale.click(step)


def seed_user(company, credentials, group=None):
    from proteus import Model

    login, password = credentials
    Language = Model.get("ir.lang")
    Company = Model.get("company.company")
    user = Model.get("res.user")(name=login.capitalize(), login=login)
    user.password = password
    user.language = Language.find([("code", "=", "en")])[0]
    user.companies.append(Company(company.id))
    user.company = Company(company.id)
    if group:
        user.groups.extend(Model.get("res.group").find([("name", "=", group)]))
    user.save()


def finish_wizards():
    """Otherwise the web client opens them instead of the requested page."""
    from proteus import Model

    items = Model.get("ir.module.config_wizard.item").find([])
    for item in items:
        item.state = "done"
        item.save()


def seed(config_file, database):
    os.environ["DB_NAME"] = database
    from proteus import config

    config.set_trytond(f"sqlite:///{database}", config_file=config_file)
    company = seed_company()
    category = account_category(company)
    seed_fine_liter()
    for product in PRODUCTS:
        seed_product(category, *product)
    party = seed_party()
    seed_sale(party, PROCESSING, "quote", "confirm")
    seed_sale(party, QUOTATION, "quote")
    for reference in DRAFTS:
        seed_sale(party, reference)
    seed_user(company, BOT, group="Sales")
    seed_user(company, VIEWER)
    finish_wizards()


if __name__ == "__main__":
    seed(*sys.argv[1:3])
