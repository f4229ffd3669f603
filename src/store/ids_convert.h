/*
 * ids_convert: takes over the id index of a database from before migration 0002, one
 * table ids_<number> for each partition, listed in id_tables. Once for a database.
 */
#pragma once

#include "sqlite.h"

MUST_CHECK enum status ids_convert(struct sqlite_store *store, struct error *err);
