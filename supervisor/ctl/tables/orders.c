#include "supervisor/ctl/tables/tables.h"

#define CONTENT_BITS                                                                               \
    (OPTION_BIT(OPTION_WORKSHEET) | OPTION_BIT(OPTION_PRODUCT) | OPTION_BIT(OPTION_AMOUNT))

#define FILTER_BITS                                                                                \
    (OPTION_BIT(OPTION_STATUS) | OPTION_BIT(OPTION_ATTENTION) | OPTION_BIT(OPTION_REASON) |        \
     OPTION_BIT(OPTION_WORKSHEET) | OPTION_BIT(OPTION_PRODUCT) | OPTION_BIT(OPTION_SEARCH) |       \
     OPTION_BIT(OPTION_FROM) | OPTION_BIT(OPTION_TO))

static const struct command commands[] = {
    {
        .name = "order",
        .usage = "WORKSHOP --worksheet W --product P --amount A [--id UNIQUEID] "
                 "[--username U --password-file FILE|-]",
        .summary = "Place an order",
        .about = "The same --id with the same content is never placed twice, so you can repeat the "
                 "command if a\nreply was lost. With --username alone, the command prompts for the "
                 "password.",
        .example = "pumplinectl order 'Bennys Auto' --worksheet 558 --product 10 --amount 4.5",
        ARGUMENTS(1, 1),
        .options = CONTENT_BITS | OPTION_BIT(OPTION_ID) | OPTION_BIT(OPTION_USERNAME) |
                   OPTION_BIT(OPTION_PASSWORD_FILE),
        .needed = CONTENT_BITS,
        .run = command_order,
    },
    {
        .name = "order-status",
        .usage = "WORKSHOP UNIQUEID [--history]",
        .summary = "Show one order, or its history",
        .example = "pumplinectl order-status 'Bennys Auto' 7f3c --history",
        ARGUMENTS(2, 2),
        .options = OPTION_BIT(OPTION_HISTORY),
        .run = command_order_status,
    },
    {
        .name = "check-worksheet",
        .usage = "WORKSHOP WORKSHEET [--product P [--amount A]]",
        .summary = "Ask the ERP whether a worksheet accepts lines, before pumping",
        .about = "Also asks whether it knows the product and would accept the amount. It changes "
                 "nothing in the ERP.",
        .example = "pumplinectl check-worksheet bennys-auto 558 --product 10 --amount 4.5",
        ARGUMENTS(2, 2),
        .options = OPTION_BIT(OPTION_PRODUCT) | OPTION_BIT(OPTION_AMOUNT),
        .run = command_check_worksheet,
    },
    {
        .name = "errors",
        .usage = "[WORKSHOP] [--limit N]",
        .summary = "List the orders in error of one workshop or of all, newest first",
        .about = "A workshop that is named must be running; without one, those that are not "
                 "running are included.\n`errors` includes orders that are written off; `orders "
                 "--attention` does not.",
        .example = "pumplinectl errors 'Bennys Auto'",
        .args_max = 1,
        .options = OPTION_BIT(OPTION_LIMIT),
        .run = command_errors,
    },
    {
        .name = "retry",
        .usage = "WORKSHOP [UNIQUEID…] [--worksheet W] [--product P] [--amount A] [--all] "
                 "[--reason CODE] [--confirm] [--yes]",
        .summary = "Retry an order in error, optionally corrected, or many orders",
        .about = "With one UNIQUEID, --worksheet, --product and --amount correct the order, and "
                 "--confirm accepts an\namount above max_amount. Without one, --all, --reason, "
                 "--worksheet and --product select among the\norders that need attention; on a "
                 "terminal the command says how many there are and asks first. If\ntheir number "
                 "has changed meanwhile, nothing is retried.",
        .example = "pumplinectl retry 'Bennys Auto' --reason worksheet_closed",
        ARGUMENTS(1, CTL_ARGS_MANY),
        .options = CONTENT_BITS | OPTION_BIT(OPTION_ALL) | OPTION_BIT(OPTION_REASON) |
                   OPTION_BIT(OPTION_YES) | OPTION_BIT(OPTION_CONFIRM),
        .run = command_retry,
    },
    {
        .name = "resolve",
        .usage = "WORKSHOP UNIQUEID --note TEXT",
        .summary = "Record that an order in error was entered by hand",
        .example = "pumplinectl resolve 'Bennys Auto' 7f3c --note 'line entered by Ann'",
        ARGUMENTS(2, 2),
        .options = OPTION_BIT(OPTION_NOTE),
        .needed = OPTION_BIT(OPTION_NOTE),
        .run = command_resolve,
    },
    {
        .name = "write-off",
        .usage = "WORKSHOP UNIQUEID --reason spill|test|warranty|other --note TEXT",
        .summary = "Record that an order in error is never billed",
        .about = "It stays in error and needs no attention any more; `retry` undoes it.",
        .example = "pumplinectl write-off 'Bennys Auto' 7f3c --reason spill --note 'hose burst'",
        ARGUMENTS(2, 2),
        .options = OPTION_BIT(OPTION_REASON) | OPTION_BIT(OPTION_NOTE),
        .needed = OPTION_BIT(OPTION_REASON) | OPTION_BIT(OPTION_NOTE),
        .meant = {{"reason", "spill|test|warranty|other", "why it is never billed"},
                  {"note", "TEXT", "what happened; kept in the history"}},
        .run = command_write_off,
    },
    {
        .name = "orders",
        .usage = "[WORKSHOP] [--status placed|processing|created|error] [--attention] "
                 "[--reason CODE] [--worksheet W] [--product P] [--search TEXT] [--from TIME] "
                 "[--to TIME] [--limit N]",
        .summary = "Search the orders of one workshop or of all, newest first",
        .about = "Shows at most 100 orders unless --limit is given. TIME is a day such as "
                 "2026-11-24, or a time such\nas 2026-11-24T08:15:30Z. A workshop that is named "
                 "must be running; without one, those that are not\nrunning are included.",
        .example = "pumplinectl orders 'Bennys Auto' --attention --search 558",
        .args_max = 1,
        .options = FILTER_BITS | OPTION_BIT(OPTION_LIMIT),
        .run = command_orders,
    },
    {
        .name = "worksheet-orders",
        .usage = "WORKSHOP WORKSHEET [--limit N]",
        .summary = "List the orders of a worksheet, and how many are still open",
        .about = "Run this before invoicing: an open order is neither created nor written "
                 "off.",
        .example = "pumplinectl worksheet-orders 'Bennys Auto' 558",
        ARGUMENTS(2, 2),
        .options = OPTION_BIT(OPTION_LIMIT),
        .run = command_worksheet_orders,
    },
    {
        .name = "report",
        .usage = "[WORKSHOP] [--from TIME] [--to TIME] [--by product|worksheet|day] [--csv]",
        .summary = "Add up amounts by product, worksheet or day",
        .about = "PLACED is the sum of the other columns. Amounts are exact. A workshop that is "
                 "named must be running;\nwithout one, those that are not running are included.",
        .example = "pumplinectl report 'Bennys Auto' --from 2026-11-01 --to 2026-11-30",
        .args_max = 1,
        .options = OPTION_BIT(OPTION_FROM) | OPTION_BIT(OPTION_TO) | OPTION_BIT(OPTION_BY) |
                   OPTION_BIT(OPTION_CSV),
        .meant = {{"by", "product|worksheet|day", "what a row is about (default: product)"}},
        .run = command_report,
    },
    {
        .name = "reconcile",
        .usage = "WORKSHOP [--from TIME --to TIME]",
        .summary = "Look created orders up in the ERP again",
        .about = "With --from and --to, starts a reconciliation in the background. Without them, "
                 "shows the\nresult of the last one: lines that are missing or changed, and orders "
                 "that could not be looked up.",
        .example = "pumplinectl reconcile bennys-auto --from 2026-11-01T00:00:00Z --to "
                   "2026-12-01T00:00:00Z",
        ARGUMENTS(1, 1),
        .options = OPTION_BIT(OPTION_FROM) | OPTION_BIT(OPTION_TO),
        .run = command_reconcile,
    },
};

const struct command_group tables_orders = {"Orders", commands, sizeof commands / sizeof *commands};
