/* Signing in and out over HTTP, and who am I. Passwords are verified on another thread; wrong tries are counted by user and by address. */
#ifndef LOKET_HUB_SIGN_IN_H
#define LOKET_HUB_SIGN_IN_H

#include "hub/hub.h"

#define SIGN_IN_PASSWORD_MAX 1024 /* bytes */

/* The body of POST /api/sign-in. Pure. ERR_BAD_FIELD: not an object with both texts; ERR_SIGN_IN: longer than any user or password can be. */
int sign_in_read(struct text body, char user[ID_MAX + 1], char password[SIGN_IN_PASSWORD_MAX + 1]) MUST_CHECK;

/* Each answers @request once, now or later. */
void sign_in_request(struct hub *h, edge_id request, const struct edge_http *r);
void sign_out_request(struct hub *h, edge_id request, const struct edge_http *r);
void who_request(struct hub *h, edge_id request, const struct edge_http *r);

#endif
