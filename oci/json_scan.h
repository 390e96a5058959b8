/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_scan - what is wrong with the bytes of a JSON text, before its syntax is looked at
 */
#ifndef VMCG_OCI_JSON_SCAN_H
#define VMCG_OCI_JSON_SCAN_H

#include <stddef.h>

/*
 * The place of the first byte that no accepted document may hold: invalid UTF-8,
 * NUL (raw or escaped), an escaped surrogate without its other half. len when there
 * is none; else *ret_what says what it is, ready for a message.
 */
size_t json_scan(const char *bytes, size_t len, const char **ret_what);

/* No fewer values than a valid JSON text has: each empty object and array counts twice. */
size_t json_scan_values(const char *bytes, size_t len);

/* The number of line ends in n bytes. */
size_t json_scan_lines(const char *bytes, size_t n);

#endif
