/* Bodies of POST /create: an order within the contract's limits, or a fault with a text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/secret.h"
#include "common/order/order.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    secret_start();
    return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct order order, corrected = {.product_amount = "5"};
    struct credentials credentials;
    struct order_faults faults;
    json_t *object;

    if (order_parse((const char *)data, size, "W", false, &order, &credentials, &faults)) {
        if (!*faults.code || !*faults.detail || credentials.username || credentials.password)
            abort();
    } else {
        object = order_json(&order, "W");
        if (!object || !amount_valid(order.product_amount) || !*order.uniqueid ||
            !credentials.username != !credentials.password)
            abort();
        json_decref(object);
    }
    credentials_clear(&credentials);
    order_faults_clear(&faults);
    if (order_parse_corrections((const char *)data, size, &corrected, &faults) == 0 &&
        !amount_valid(corrected.product_amount))
        abort();
    order_faults_clear(&faults);
    return 0;
}
