PRAGMA journal_mode = wal;
PRAGMA application_id = 1819243379;
PRAGMA user_version = 2;
BEGIN TRANSACTION;
CREATE TABLE clock (tick INTEGER NOT NULL);
INSERT INTO "clock" VALUES(34);
CREATE TABLE comparison_trials (
        comparison INTEGER NOT NULL REFERENCES comparisons (id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        trial INTEGER NOT NULL REFERENCES trials (id),
        PRIMARY KEY (comparison, position)
    ) WITHOUT ROWID;
INSERT INTO "comparison_trials" VALUES(1,0,1);
INSERT INTO "comparison_trials" VALUES(1,1,2);
INSERT INTO "comparison_trials" VALUES(1,2,3);
INSERT INTO "comparison_trials" VALUES(1,3,4);
INSERT INTO "comparison_trials" VALUES(2,0,5);
INSERT INTO "comparison_trials" VALUES(3,0,6);
INSERT INTO "comparison_trials" VALUES(4,0,7);
INSERT INTO "comparison_trials" VALUES(5,0,8);
INSERT INTO "comparison_trials" VALUES(5,1,9);
CREATE TABLE comparisons (
        id INTEGER PRIMARY KEY,
        session INTEGER NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
        asked TEXT NOT NULL,
        created REAL NOT NULL,
        cancelled REAL,
        changed INTEGER NOT NULL
    );
INSERT INTO "comparisons" VALUES(1,1,'{"task":"circles","protocol":"tutorial","losses":["hinge","binary_crossentropy"],"sources":[],"seeds":2,"learning_rates":[0.01],"hyperparameters":{"hidden":[2],"activation":"relu","initial_sd":null,"optimizer":"momentum","batch_size":32,"epochs":3},"metric":"accuracy","device":"auto"}',1.79538643138235116001e+09,NULL,1);
INSERT INTO "comparisons" VALUES(2,2,'{"task":"circles","protocol":"tutorial","losses":["squared_hinge"],"sources":[],"seeds":1,"learning_rates":[1e30],"hyperparameters":{"hidden":[2],"activation":"relu","initial_sd":null,"optimizer":"momentum","batch_size":32,"epochs":3},"metric":"accuracy","device":"auto"}',1.79538643138306641582e+09,NULL,2);
INSERT INTO "comparisons" VALUES(3,3,'{"task":"circles","protocol":"tutorial","losses":["hinge"],"sources":[],"seeds":1,"learning_rates":[0.01],"hyperparameters":{"hidden":[2],"activation":"relu","initial_sd":null,"optimizer":"momentum","batch_size":32,"epochs":5},"metric":"accuracy","device":"auto"}',1.79538644513484048847e+09,1.7953864451351516247e+09,28);
INSERT INTO "comparisons" VALUES(4,1,'{"task":"circles","protocol":"tutorial","losses":["hinge"],"sources":[],"seeds":1,"learning_rates":[0.01],"hyperparameters":{"hidden":[2],"activation":"relu","initial_sd":null,"optimizer":"momentum","batch_size":32,"epochs":4},"metric":"accuracy","device":"auto"}',1.79538644513552069666e+09,NULL,29);
INSERT INTO "comparisons" VALUES(5,1,'{"task":"circles","protocol":"tutorial","losses":["hinge","binary_crossentropy"],"sources":[],"seeds":1,"learning_rates":[0.01],"hyperparameters":{"hidden":[2],"activation":"relu","initial_sd":null,"optimizer":"momentum","batch_size":32,"epochs":6},"metric":"accuracy","device":"auto"}',1795386445.13602,NULL,32);
CREATE TABLE curves (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        trial INTEGER NOT NULL REFERENCES trials (id) ON DELETE CASCADE,
        start INTEGER NOT NULL,
        epochs INTEGER NOT NULL,
        data BLOB NOT NULL
    );
INSERT INTO "curves" VALUES(1,2,0,1,X'E1223B3F6BBCF43EACE6383F1383003F');
INSERT INTO "curves" VALUES(2,2,1,2,X'93C9373FB5C8F63EDA0A363FDCF9FE3EE0D8353FFFD4F83E9191343F48E1FA3E');
INSERT INTO "curves" VALUES(3,1,0,1,X'7810833F6BBCF43E2527803F4C37093F');
INSERT INTO "curves" VALUES(4,1,1,2,X'51E0823FB5C8F63ECCE77F3F3AB4083F86A8823FDACEF73E6AC67F3F15AE073F');
INSERT INTO "curves" VALUES(5,3,0,1,X'0096803F2506013F45C6763FB7F3FD3E');
INSERT INTO "curves" VALUES(6,3,1,2,X'2C05803F2506013FE853763FB7F3FD3ECE4A7F3F448BEC3EAE23763F713D0A3F');
INSERT INTO "curves" VALUES(7,4,0,3,X'68ED363FD678E93ECCA6303F4C37093F113A323F90C2F53E7E3C2E3F3AB4083F9951313FDCF9FE3E98552E3F3CDF0F3F');
INSERT INTO "curves" VALUES(8,5,0,1,X'25060140B7F3FD3EB7F3FD3F2506013F');
INSERT INTO "curves" VALUES(9,5,1,2,X'25060140B7F3FD3EB7F3FD3F2506013F25060140B7F3FD3EB7F3FD3F2506013F');
INSERT INTO "curves" VALUES(10,8,0,2,X'0000003F0000803E0000003F0000803E0000003F0000803E0000003F0000803E');
CREATE TABLE sessions (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        created REAL NOT NULL
    );
INSERT INTO "sessions" VALUES(1,'moons over ünder',1.79538643138235116001e+09);
INSERT INTO "sessions" VALUES(2,'far off',1.79538643138306641582e+09);
INSERT INTO "sessions" VALUES(3,'stopped',1.79538644513484048847e+09);
CREATE TABLE trials (
        id INTEGER PRIMARY KEY,
        key TEXT NOT NULL UNIQUE,
        asked TEXT NOT NULL,
        device TEXT NOT NULL,
        program TEXT NOT NULL,
        epochs_asked INTEGER NOT NULL,
        status TEXT NOT NULL,
        queued INTEGER NOT NULL,
        cancel INTEGER NOT NULL DEFAULT 0,
        attempts INTEGER NOT NULL DEFAULT 0,
        epochs INTEGER NOT NULL DEFAULT 0,
        seconds REAL,
        scores TEXT,
        environment TEXT,
        error TEXT,
        finished REAL,
        changed INTEGER NOT NULL
    , note TEXT, anatomy TEXT);
INSERT INTO "trials" VALUES(1,'733a2c5de2778c48769490e97ab1b210','{"task":"circles","protocol":"tutorial","loss":"hinge","learning_rate":0.01,"seed":0,"hyperparameters":{"hidden":[2],"activation":"relu","initial_sd":null,"optimizer":"momentum","batch_size":32,"epochs":3},"device":"auto","source":""}','auto','circles/tutorial/hinge/2/relu/None/momentum/32',3,'done',1,0,1,3,3.38230700435815379023e-03,'{"accuracy":{"train":0.484,"test":0.53},"balanced_accuracy":{"train":0.48607910906298,"test":0.5277137736815156},"macro_f1":{"train":0.44781179371275937,"test":0.48684354187138335},"roc_auc":{"train":0.46546979006656425,"test":0.5093125960061444},"log_loss":null,"brier":null,"ece":null,"keras2_accuracy":{"train":0.13,"test":0.15},"keras3_accuracy":{"train":0.13,"test":0.15}}','{"tensorflow":"2.21.0","keras":"3.15.1","numpy":"2.4.6","device":"CPU","cpu":"AMD EPYC"}',NULL,1.79538643905978584293e+09,15,NULL,'{"of":"margin","quantiles":[-0.9016,-0.8821,-0.8714,-0.8552,-0.8398,-0.8359,-0.7786,-0.7564,-0.6969,-0.6286,-0.5174,-0.3534,-0.2503,-0.2156,-0.1794,-0.147,-0.1075,-0.07883,-0.07883,-0.07883,-0.07883,-0.07883,-0.07883,-0.04945,-0.02146,0.007377,0.04619,0.07883,0.07883,0.07883,0.07883,0.07883,0.07883,0.1314,0.1772,0.2165,0.2555,0.325,0.4004,0.5326,0.6098,0.6681,0.7065,0.7432,0.7523,0.7849,0.7898,0.7926,0.7933],"share":0.01}');
INSERT INTO "trials" VALUES(2,'cb786772d01390909848e5874ba66b74','{"task":"circles","protocol":"tutorial","loss":"binary_crossentropy","learning_rate":0.01,"seed":0,"hyperparameters":{"hidden":[2],"activation":"relu","initial_sd":null,"optimizer":"momentum","batch_size":32,"epochs":3},"device":"auto","source":""}','auto','circles/tutorial/binary_crossentropy/2/relu/None/momentum/32',3,'done',1,0,1,3,1.23498110042419284582e-02,'{"accuracy":{"train":0.486,"test":0.49},"balanced_accuracy":{"train":0.48438300051203276,"test":0.49142345110087043},"macro_f1":{"train":0.46322125727366525,"test":0.47407716009916223},"roc_auc":{"train":0.47115015360983103,"test":0.5024641577060932},"log_loss":{"train":0.7103403941328071,"test":0.7053461146163309},"brier":{"train":0.2584374177808032,"test":0.2559716267590373},"ece":{"train":0.08836859264742863,"test":0.08197481938063426},"keras2_accuracy":null,"keras3_accuracy":null}','{"tensorflow":"2.21.0","keras":"3.15.1","numpy":"2.4.6","device":"CPU","cpu":"AMD EPYC"}',NULL,1.79538643837794518465e+09,11,NULL,'{"of":"margin","quantiles":[-0.6968,-0.6039,-0.5765,-0.5527,-0.515,-0.4935,-0.4168,-0.3927,-0.3823,-0.3581,-0.3295,-0.2944,-0.2746,-0.2417,-0.2021,-0.164,-0.1212,-0.1045,-0.1045,-0.1045,-0.1045,-0.1045,-0.1045,-0.1041,-0.0422,0.03468,0.06824,0.1045,0.1045,0.1045,0.1045,0.1045,0.1045,0.1045,0.1351,0.1757,0.2072,0.2434,0.2842,0.3152,0.3527,0.3713,0.4087,0.4603,0.475,0.5035,0.5115,0.5223,0.6015],"share":0.01281}');
INSERT INTO "trials" VALUES(3,'a8fdba006878bd50171026930a9d531e','{"task":"circles","protocol":"tutorial","loss":"hinge","learning_rate":0.01,"seed":1,"hyperparameters":{"hidden":[2],"activation":"relu","initial_sd":null,"optimizer":"momentum","batch_size":32,"epochs":3},"device":"auto","source":""}','auto','circles/tutorial/hinge/2/relu/None/momentum/32',3,'done',1,0,1,3,1.57766639968031086027e-02,'{"accuracy":{"train":0.462,"test":0.54},"balanced_accuracy":{"train":0.4619175627240143,"test":0.539810547875064},"macro_f1":{"train":0.4618945313281403,"test":0.5396390770363966},"roc_auc":{"train":0.48977534562211983,"test":0.5649801587301587},"log_loss":null,"brier":null,"ece":null,"keras2_accuracy":{"train":0.148,"test":0.172},"keras3_accuracy":{"train":0.0,"test":0.0}}','{"tensorflow":"2.21.0","keras":"3.15.1","numpy":"2.4.6","device":"CPU","cpu":"AMD EPYC"}',NULL,1.7953864412620213032e+09,19,NULL,'{"of":"margin","quantiles":[-0.7854,-0.7817,-0.771,-0.7628,-0.7366,-0.7298,-0.6718,-0.6294,-0.6039,-0.5694,-0.5035,-0.4025,-0.302,-0.1285,-0.05812,-0.01128,-0.01128,-0.01128,-0.01128,-0.01128,-0.01128,-0.01128,-0.01128,-0.01128,-0.01128,-0.01128,0.01128,0.01128,0.01128,0.01128,0.01128,0.01128,0.01128,0.01128,0.01128,0.04315,0.1719,0.3477,0.4948,0.5978,0.6772,0.7306,0.7709,0.8124,0.8195,0.8478,0.8621,0.8719,0.8907],"share":0.01}');
INSERT INTO "trials" VALUES(4,'fbcf5bc96b4c45f138f9e7a1360cc2b5','{"task":"circles","protocol":"tutorial","loss":"binary_crossentropy","learning_rate":0.01,"seed":1,"hyperparameters":{"hidden":[2],"activation":"relu","initial_sd":null,"optimizer":"momentum","batch_size":32,"epochs":3},"device":"auto","source":""}','auto','circles/tutorial/binary_crossentropy/2/relu/None/momentum/32',3,'done',1,0,1,3,1.6431969997938722372e-03,'{"accuracy":{"train":0.498,"test":0.562},"balanced_accuracy":{"train":0.49942396313364057,"test":0.560483870967742},"macro_f1":{"train":0.48232693013682243,"test":0.5448707557639313},"roc_auc":{"train":0.4944716461853559,"test":0.5639400921658986},"log_loss":{"train":0.6926512796893374,"test":0.6809935617169061},"brier":{"train":0.24981225484590192,"test":0.24400106341162728},"ece":{"train":0.10100324993673229,"test":0.07827276130907043},"keras2_accuracy":null,"keras3_accuracy":null}','{"tensorflow":"2.21.0","keras":"3.15.1","numpy":"2.4.6","device":"CPU","cpu":"AMD EPYC"}',NULL,1.79538644128607130043e+09,21,NULL,'{"of":"margin","quantiles":[-0.3809,-0.3708,-0.3506,-0.3342,-0.3074,-0.2941,-0.2173,-0.1882,-0.1782,-0.1782,-0.1782,-0.1782,-0.1782,-0.1782,-0.1782,-0.1782,-0.1782,-0.1782,-0.1782,-0.1582,-0.1342,-0.1155,-0.08401,-0.0569,-0.008599,0.03215,0.06701,0.09705,0.1318,0.1539,0.1779,0.1782,0.1782,0.1782,0.1782,0.1782,0.1782,0.1782,0.1782,0.1782,0.2261,0.2995,0.3606,0.429,0.449,0.4897,0.5418,0.5528,0.6138],"share":0.01185}');
INSERT INTO "trials" VALUES(5,'0b865c43019748d45d45573e734a89a0','{"task":"circles","protocol":"tutorial","loss":"squared_hinge","learning_rate":1e30,"seed":0,"hyperparameters":{"hidden":[2],"activation":"relu","initial_sd":null,"optimizer":"momentum","batch_size":32,"epochs":3},"device":"auto","source":""}','auto','circles/tutorial/squared_hinge/2/relu/None/momentum/32',3,'done',2,0,1,3,2.74050100415479391813e-03,'{"accuracy":{"train":0.496,"test":0.504},"balanced_accuracy":{"train":0.5,"test":0.5},"macro_f1":{"train":0.3315508021390374,"test":0.3351063829787234},"roc_auc":{"train":0.5,"test":0.5},"log_loss":null,"brier":null,"ece":null,"keras2_accuracy":{"train":0.496,"test":0.504},"keras3_accuracy":{"train":0.496,"test":0.504}}','{"tensorflow":"2.21.0","keras":"3.15.1","numpy":"2.4.6","device":"CPU","cpu":"AMD EPYC"}',NULL,1.79538644162154269225e+09,24,NULL,'{"of":"margin","quantiles":[-1.0,-1.0,-1.0,-1.0,-1.0,-1.0,-1.0,-1.0,-1.0,-1.0,-1.0,-1.0,-1.0,-1.0,-1.0,-1.0,-1.0,-1.0,-1.0,-1.0,-1.0,-1.0,-1.0,-1.0,-1.0,1.0,1.0,1.0,1.0,1.0,1.0,1.0,1.0,1.0,1.0,1.0,1.0,1.0,1.0,1.0,1.0,1.0,1.0,1.0,1.0,1.0,1.0,1.0,1.0],"share":0.01984}');
INSERT INTO "trials" VALUES(6,'210248a355a3f4ff726d2e52b64be4a6','{"task":"circles","protocol":"tutorial","loss":"hinge","learning_rate":0.01,"seed":0,"hyperparameters":{"hidden":[2],"activation":"relu","initial_sd":null,"optimizer":"momentum","batch_size":32,"epochs":5},"device":"auto","source":""}','auto','circles/tutorial/hinge/2/relu/None/momentum/32',5,'cancelled',27,1,0,0,NULL,NULL,NULL,NULL,1.7953864451351516247e+09,28,NULL,NULL);
INSERT INTO "trials" VALUES(7,'e59cdc2c727ed68124a6cebf915a03fd','{"task":"circles","protocol":"tutorial","loss":"hinge","learning_rate":0.01,"seed":0,"hyperparameters":{"hidden":[2],"activation":"relu","initial_sd":null,"optimizer":"momentum","batch_size":32,"epochs":4},"device":"auto","source":""}','auto','circles/tutorial/hinge/2/relu/None/momentum/32',4,'failed',29,0,1,0,NULL,NULL,'{"tensorflow":"2.21.0","keras":"3.15.1","numpy":"2.4.6","device":"CPU","cpu":"AMD EPYC"}','ValueError: it broke',1.79538644513585424426e+09,31,NULL,NULL);
INSERT INTO "trials" VALUES(8,'4d91dc803a7d8000bf6cfcfa677dcccc','{"task":"circles","protocol":"tutorial","loss":"hinge","learning_rate":0.01,"seed":0,"hyperparameters":{"hidden":[2],"activation":"relu","initial_sd":null,"optimizer":"momentum","batch_size":32,"epochs":6},"device":"auto","source":""}','auto','circles/tutorial/hinge/2/relu/None/momentum/32',6,'running',32,0,1,2,NULL,NULL,NULL,NULL,NULL,34,NULL,NULL);
INSERT INTO "trials" VALUES(9,'cd3f06b177d71a47b4be2f06d35bd5a3','{"task":"circles","protocol":"tutorial","loss":"binary_crossentropy","learning_rate":0.01,"seed":0,"hyperparameters":{"hidden":[2],"activation":"relu","initial_sd":null,"optimizer":"momentum","batch_size":32,"epochs":6},"device":"auto","source":""}','auto','circles/tutorial/binary_crossentropy/2/relu/None/momentum/32',6,'queued',32,0,0,0,NULL,NULL,NULL,NULL,NULL,32,NULL,NULL);
CREATE TABLE workers (
        device TEXT PRIMARY KEY,
        pid INTEGER NOT NULL,
        state TEXT NOT NULL,
        message TEXT NOT NULL,
        environment TEXT,
        changed INTEGER NOT NULL
    );
INSERT INTO "workers" VALUES('auto',19162,'ready','ready','{"tensorflow":"2.21.0","keras":"3.15.1","numpy":"2.4.6","device":"CPU","cpu":"AMD EPYC"}',25);
CREATE INDEX comparisons_by_session ON comparisons (session);
CREATE INDEX trials_by_status ON trials (status, device, program, epochs_asked);
CREATE INDEX trials_by_change ON trials (changed);
CREATE INDEX comparisons_of_trial ON comparison_trials (trial);
CREATE INDEX curves_of_trial ON curves (trial);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('curves',10);
COMMIT;
