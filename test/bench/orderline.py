"""Selenium scripts like the predecessor's, one for each ERP: a browser and a login for every order.

They save without reading back, and wait for elements, never for a fixed time.
"""

from selenium.common.exceptions import (ElementClickInterceptedException, ElementNotInteractableException,
                                        JavascriptException, StaleElementReferenceException)
from selenium.webdriver import ChromeOptions, Keys, Remote
from selenium.webdriver.common.by import By
from selenium.webdriver.support import expected_conditions as expected
from selenium.webdriver.support.ui import WebDriverWait

TIMEOUT_S = 30
NOT_YET = [ElementClickInterceptedException, ElementNotInteractableException, JavascriptException,
           StaleElementReferenceException]


class Orderline:
    """One order: `with` opens the browser and closes it."""

    def __init__(self, webdriver_url, arguments, poll_s, erp_url, login):
        self.webdriver_url, self.poll_s, self.erp_url, self.login = webdriver_url, poll_s, erp_url, login
        self.options = ChromeOptions()
        for argument in arguments:
            self.options.add_argument(argument)

    def __enter__(self):
        self.driver = Remote(command_executor=self.webdriver_url, options=self.options)
        self.wait = WebDriverWait(self.driver, TIMEOUT_S, self.poll_s, NOT_YET)
        return self

    def __exit__(self, *_):
        self.driver.quit()

    def click(self, css):
        """Retries while a moving page covers the element."""
        def clicked(_driver):
            target = expected.element_to_be_clickable((By.CSS_SELECTOR, css))(self.driver)
            if target:
                target.click()
            return bool(target)
        self.wait.until(clicked, css)

    def visible(self, css):
        return self.wait.until(expected.visibility_of_element_located((By.CSS_SELECTOR, css)), css)

    def type(self, css, text):
        self.visible(css).send_keys(text)


class OldShop(Orderline):
    def enter_main(self):
        self.driver.switch_to.default_content()
        self.wait.until(expected.frame_to_be_available_and_switch_to_it((By.NAME, "main")), "the frame")

    def create(self, uniqueid, worksheet, product, amount):
        self.driver.get(f"{self.erp_url}login")
        self.type("input[name=user]", self.login[0])
        self.type("input[name=pass]", self.login[1])
        self.click("input[type=submit]")
        self.enter_main()
        self.type("input[name=number]", worksheet)
        self.click("input[type=submit]")
        self.wait.until(expected.text_to_be_present_in_element((By.ID, "searched"), worksheet), "the list")
        self.click(f"a[href$='number={worksheet}']")
        self.visible("#state")
        line = len(self.driver.find_elements(By.CSS_SELECTOR, "#lines tr"))
        self.click("input[value='Add row']")
        self.choose(line, product)
        self.type(f"input[name=line_{line}_remark]", uniqueid)
        field = self.visible(f"input[name=line_{line}_qty]")
        field.send_keys(amount.replace(".", ",") + Keys.TAB)
        self.wait.until(expected.staleness_of(field), "the page comes back")
        self.click("input[value=Save]")
        self.wait.until(expected.alert_is_present(), "the question").accept()
        self.visible(".message")

    def choose(self, line, product):
        self.click(f"input[onclick='choose({line})']")
        self.wait.until(expected.number_of_windows_to_be(2), "the window")
        main, chooser = self.driver.window_handles
        self.driver.switch_to.window(chooser)
        self.click(f"a[href*=\"'{product}'\"]")
        self.driver.switch_to.window(main)
        self.enter_main()
        field = (By.NAME, f"line_{line}_product")
        self.wait.until(expected.text_to_be_present_in_element_value(field, product), "the product")


class TrytonSao(Orderline):
    TAB, LINE, SEARCH = "#tabcontent > .tab-pane.active ", ".window-form.in ", ".modal.in:not(.window-form) "

    def until(self, expression):
        self.wait.until(lambda driver: driver.execute_script(f"return {expression}"), expression)

    def idle(self):
        self.until("jQuery.active === 0 && jQuery('#processing').is(':hidden')")

    def create(self, uniqueid, worksheet, product, amount):
        self.log_in()
        search = f"%5B%5B%22reference%22%2C%22%3D%22%2C%22{worksheet}%22%5D%5D"
        self.driver.get(f"{self.erp_url}#erp/model/sale.sale;domain={search}")
        self.visible(f"{self.TAB}.tree tbody tr")
        self.idle()
        self.click(f"{self.TAB}button#switch_")
        self.visible(f"{self.TAB}select[name=state]")
        self.idle()
        self.click(f"{self.TAB}.form-one2many button[title=New]")
        self.fill(uniqueid, product, amount)
        self.click(f"{self.LINE}.modal-footer button.btn-primary")
        self.until("!jQuery('.modal.in').length")
        self.idle()
        self.click(f"{self.TAB}button#save")
        self.visible(f"{self.TAB}.infobar")
        self.idle()

    def log_in(self):
        self.driver.get(f"{self.erp_url}#erp")
        self.type("input#login", self.login[0])
        self.click(".modal.in button[type=submit]")
        self.type(".ask-dialog.in input", self.login[1])
        self.click(".ask-dialog.in button.btn-primary")
        self.visible("#menu .tree")
        self.idle()

    def fill(self, uniqueid, product, amount):
        self.visible(f"{self.LINE}input[name=product]")
        self.idle()
        self.type(f"{self.LINE}input[name=product]", product + Keys.TAB)
        self.click(f"{self.SEARCH}.tree div[title='{product}']")
        self.idle()
        self.click(f"{self.SEARCH}.modal-footer button.btn-primary")
        self.until(f"!!jQuery('{self.LINE}input[name=unit]').val()")
        self.idle()
        # The click replaces the field by another one with the same name.
        self.click(f"{self.LINE}input[name=quantity][type=text]")
        self.type(f"{self.LINE}input[name=quantity][type=number]", amount + Keys.TAB)
        self.idle()
        self.click(f"{self.LINE}.nav-tabs li:nth-child(3) a")
        self.type(f"{self.LINE}textarea[name=note]", uniqueid)
