/** A password with every character that has broken such systems before. */
export const hostilePassword = 'p"a\\s$s w%rd &é*';
