// A real Vendure server on loopback, with a database in memory: node server.js PORT PASSWORD, where @vendure/core is installed.
const {bootstrap, dummyPaymentHandler, LogLevel, DefaultLogger} = require(require.resolve('@vendure/core', {paths: [process.cwd()]}));

const text = (name) => ({name, type: 'string', nullable: true, public: false});

bootstrap({
    apiOptions: {hostname: '127.0.0.1', port: Number(process.argv[2]), adminApiPath: 'admin-api', shopApiPath: 'shop-api'},
    authOptions: {
        tokenMethod: ['bearer'], cookieOptions: {secret: 'test'},
        superadminCredentials: {identifier: 'superadmin', password: process.argv[3]},
    },
    dbConnectionOptions: {type: 'sqljs', synchronize: true, logging: false},
    paymentOptions: {paymentMethodHandlers: [dummyPaymentHandler]},
    customFields: {Order: [text('worksheet')], OrderLine: [text('pumplineId')]},
    logger: new DefaultLogger({level: LogLevel.Error}),
    plugins: [],
}).then(() => console.log('ready'), (error) => {
    console.error(error);
    process.exit(1);
});
