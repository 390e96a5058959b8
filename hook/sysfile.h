/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sysfile - small files of the kernel, read whole
 *
 * Such files have no size and may come in pieces, so they are read to the end.
 * Both functions return 0, or as their condition (> 0) the kernel's errno: which
 * of them matter only the caller can say.
 */
#ifndef VMCG_HOOK_SYSFILE_H
#define VMCG_HOOK_SYSFILE_H

#include "oci/arena.h"

/* The bytes of the file with a NUL behind them, in the arena. ret_len may be NULL. */
int sysfile_read(const char **ret, size_t *ret_len, struct arena *a, const char *path);

/* As sysfile_read, without the newlines and blanks at the end. */
int sysfile_read_line(const char **ret, struct arena *a, const char *path);

/* How many lines the file has; keeps nothing of it. */
int sysfile_count_lines(size_t *ret, const char *path);

#endif
