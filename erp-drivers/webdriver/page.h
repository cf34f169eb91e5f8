/* The script that finds elements and checks conditions in a page. */
#ifndef ERP_DRIVERS_WEBDRIVER_PAGE_H
#define ERP_DRIVERS_WEBDRIVER_PAGE_H

/* JavaScript that defines answer(question, codes): codes are the functions that the question's
 * expressions are numbers of. What questions and answers hold: webdriver_ask.c. */
const char *webdriver_page_script(void);

/* What must stand before it: how texts are compared. */
const char *webdriver_page_text_script(void);

#endif
