// A real Medusa server on loopback; the database's address comes from the environment.
const {defineConfig} = require('@medusajs/framework/utils');

module.exports = defineConfig({
    projectConfig: {
        databaseUrl: process.env.DATABASE_URL,
        databaseDriverOptions: {ssl: false},
        http: {jwtSecret: 'test', cookieSecret: 'test', adminCors: '*', authCors: '*', storeCors: '*'},
    },
    admin: {disable: true},
});
