/** @type {import('next').NextConfig} */
export default {
  // Node.js loads these packages itself, so that the memory of the login is not in two copies.
  serverExternalPackages: [
    '@wechat-auth/passport-wechat',
    '@wechat-auth/wechat-oauth',
    '@wechat-auth/wechat-session',
  ],
  devIndicators: false,
}
