/* Workshops that write to the same place. An order is identified by its workshop's name and its
 * uniqueid, but what is written there contains only the uniqueid. So no two workshops may share a
 * folder of files; in a shared ERP, which is a valid setup, a line that is found is not taken for
 * one's own without further evidence. */
#ifndef COMMON_CONFIG_NEIGHBOUR_H
#define COMMON_CONFIG_NEIGHBOUR_H

#include "common/config/config.h"

/* Adds a fault to each workshop whose folder an earlier one uses. The earlier one may go on: it has
 * orders on their way there. A faulty workshop does not run and is not a neighbour. */
void config_neighbour_check_folders(const struct daemon_config *config);

/* The same for one workshop that is to be added to this configuration. */
void config_neighbour_check_folder(const struct daemon_config *config,
                                   const struct workshop_config *workshop,
                                   struct json_faults *faults);

/* The name of another workshop that writes to the same ERP; NULL: there is none. */
const char *config_neighbour(const struct daemon_config *config,
                             const struct workshop_config *workshop);

#endif
