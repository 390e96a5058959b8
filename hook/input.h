/* SPDX-License-Identifier: Apache-2.0 */
/*
 * input - documents, read whole and capped
 */
#ifndef VMCG_HOOK_INPUT_H
#define VMCG_HOOK_INPUT_H

#include <stddef.h>

#include "oci/arena.h"
#include "oci/error.h"

/* Conditions */
enum {
	INPUT_ABSENT = 1, /* no such file */
};

/* All of a descriptor, at most twice the cap of one document (state and config may share
 * standard input). name is for messages. ERROR_INPUT. The bytes live in the arena. */
int input_read(const char **ret, size_t *ret_len, int fd, const char *name, struct arena *a,
	       struct error *e);

/* A whole file; "-" is standard input. INPUT_ABSENT. Not a regular file: ERROR_INPUT. */
int input_file(const char **ret, size_t *ret_len, const char *path, struct arena *a,
	       struct error *e);

/* BUNDLE/config.json: opened below the bundle's directory. INPUT_ABSENT: there is none. */
int input_config(const char **ret, size_t *ret_len, const char *bundle, struct arena *a,
		 struct error *e);

/* A small file of /proc or /sys. -1 without a message: not there or not readable. */
int input_proc(const char **ret, size_t *ret_len, const char *path, struct arena *a);

#endif
