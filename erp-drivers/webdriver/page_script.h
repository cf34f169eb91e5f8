/* The script that runs in the ERP's page: page_text.js and page.js, as the build puts them into the
 * program (CMakeLists.txt). */
#ifndef ERP_DRIVERS_WEBDRIVER_PAGE_SCRIPT_H
#define ERP_DRIVERS_WEBDRIVER_PAGE_SCRIPT_H

const char *page_script(void);

#endif
