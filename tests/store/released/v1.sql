PRAGMA journal_mode = wal;
PRAGMA application_id = 1819243379;
PRAGMA user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE clock (tick INTEGER NOT NULL);
INSERT INTO "clock" VALUES(32);
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
INSERT INTO "comparisons" VALUES(1,1,'{"task":"circles","protocol":"tutorial","losses":["hinge","binary_crossentropy"],"seeds":2,"learning_rates":[0.01],"hyperparameters":{"hidden":[2],"activation":"relu","initial_sd":null,"optimizer":"momentum","batch_size":32,"epochs":3},"metric":"accuracy","device":"auto"}',1795386420.97908,NULL,1);
INSERT INTO "comparisons" VALUES(2,2,'{"task":"circles","protocol":"tutorial","losses":["squared_hinge"],"seeds":1,"learning_rates":[1e30],"hyperparameters":{"hidden":[2],"activation":"relu","initial_sd":null,"optimizer":"momentum","batch_size":32,"epochs":3},"metric":"accuracy","device":"auto"}',1.79538642097965264318e+09,NULL,2);
INSERT INTO "comparisons" VALUES(3,3,'{"task":"circles","protocol":"tutorial","losses":["hinge"],"seeds":1,"learning_rates":[0.01],"hyperparameters":{"hidden":[2],"activation":"relu","initial_sd":null,"optimizer":"momentum","batch_size":32,"epochs":5},"metric":"accuracy","device":"auto"}',1.79538643118358063697e+09,1.79538643118385672571e+09,26);
INSERT INTO "comparisons" VALUES(4,1,'{"task":"circles","protocol":"tutorial","losses":["hinge"],"seeds":1,"learning_rates":[0.01],"hyperparameters":{"hidden":[2],"activation":"relu","initial_sd":null,"optimizer":"momentum","batch_size":32,"epochs":4},"metric":"accuracy","device":"auto"}',1.79538643118408894534e+09,NULL,27);
INSERT INTO "comparisons" VALUES(5,1,'{"task":"circles","protocol":"tutorial","losses":["hinge","binary_crossentropy"],"seeds":1,"learning_rates":[0.01],"hyperparameters":{"hidden":[2],"activation":"relu","initial_sd":null,"optimizer":"momentum","batch_size":32,"epochs":6},"metric":"accuracy","device":"auto"}',1.79538643118449044232e+09,NULL,30);
CREATE TABLE curves (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        trial INTEGER NOT NULL REFERENCES trials (id) ON DELETE CASCADE,
        start INTEGER NOT NULL,
        epochs INTEGER NOT NULL,
        data BLOB NOT NULL
    );
INSERT INTO "curves" VALUES(1,2,0,1,X'E1223B3F6BBCF43EACE6383F1383003F');
INSERT INTO "curves" VALUES(2,2,1,2,X'93C9373FB5C8F63EDA0A363FDCF9FE3EE0D8353FFFD4F83E9191343F48E1FA3E');
INSERT INTO "curves" VALUES(3,4,0,3,X'68ED363FD678E93ECCA6303F4C37093F113A323F90C2F53E7E3C2E3F3AB4083F9951313FDCF9FE3E98552E3F3CDF0F3F');
INSERT INTO "curves" VALUES(4,1,0,1,X'7810833F6BBCF43E2527803F4C37093F');
INSERT INTO "curves" VALUES(5,1,1,2,X'51E0823FB5C8F63ECCE77F3F3AB4083F86A8823FDACEF73E6AC67F3F15AE073F');
INSERT INTO "curves" VALUES(6,3,0,3,X'0096803F2506013F45C6763FB7F3FD3E2C05803F2506013FE853763FB7F3FD3ECE4A7F3F448BEC3EAE23763F713D0A3F');
INSERT INTO "curves" VALUES(7,5,0,1,X'25060140B7F3FD3EB7F3FD3F2506013F');
INSERT INTO "curves" VALUES(8,5,1,2,X'25060140B7F3FD3EB7F3FD3F2506013F25060140B7F3FD3EB7F3FD3F2506013F');
INSERT INTO "curves" VALUES(9,8,0,2,X'0000003F0000803E0000003F0000803E0000003F0000803E0000003F0000803E');
CREATE TABLE sessions (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        created REAL NOT NULL
    );
INSERT INTO "sessions" VALUES(1,'moons over ünder',1795386420.97908);
INSERT INTO "sessions" VALUES(2,'far off',1.79538642097965264318e+09);
INSERT INTO "sessions" VALUES(3,'stopped',1.79538643118358063697e+09);
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
    );
INSERT INTO "trials" VALUES(1,'0eee32ac1de475f236bb0164346a18cd','{"task":"circles","protocol":"tutorial","loss":"hinge","learning_rate":0.01,"seed":0,"hyperparameters":{"hidden":[2],"activation":"relu","initial_sd":null,"optimizer":"momentum","batch_size":32,"epochs":3},"device":"auto"}','auto','circles/tutorial/hinge/2/relu/None/momentum/32',3,'done',1,0,1,3,3.71682499826420098543e-03,'{"accuracy":{"train":0.484,"test":0.53},"balanced_accuracy":{"train":0.48607910906298,"test":0.5277137736815156},"macro_f1":{"train":0.44781179371275937,"test":0.48684354187138335},"roc_auc":{"train":0.46546979006656425,"test":0.5093125960061444},"log_loss":null,"brier":null,"ece":null,"keras2_accuracy":{"train":0.13,"test":0.15},"keras3_accuracy":{"train":0.13,"test":0.15}}','{"tensorflow":"2.21.0","keras":"3.15.1","numpy":"2.4.6","device":"CPU","cpu":"AMD EPYC"}',NULL,1.79538642723647689819e+09,17);
INSERT INTO "trials" VALUES(2,'3ba17a4f0c9d1c62e3d4904bca74735d','{"task":"circles","protocol":"tutorial","loss":"binary_crossentropy","learning_rate":0.01,"seed":0,"hyperparameters":{"hidden":[2],"activation":"relu","initial_sd":null,"optimizer":"momentum","batch_size":32,"epochs":3},"device":"auto"}','auto','circles/tutorial/binary_crossentropy/2/relu/None/momentum/32',3,'done',1,0,1,3,1.13650749990483745932e-02,'{"accuracy":{"train":0.486,"test":0.49},"balanced_accuracy":{"train":0.48438300051203276,"test":0.49142345110087043},"macro_f1":{"train":0.46322125727366525,"test":0.47407716009916223},"roc_auc":{"train":0.47115015360983103,"test":0.5024641577060932},"log_loss":{"train":0.7103403941328071,"test":0.7053461146163309},"brier":{"train":0.2584374177808032,"test":0.2559716267590373},"ece":{"train":0.08836859264742863,"test":0.08197481938063426},"keras2_accuracy":null,"keras3_accuracy":null}','{"tensorflow":"2.21.0","keras":"3.15.1","numpy":"2.4.6","device":"CPU","cpu":"AMD EPYC"}',NULL,1.79538642646002936367e+09,11);
INSERT INTO "trials" VALUES(3,'bffeba2647a47f17dc5fe416d89f09ce','{"task":"circles","protocol":"tutorial","loss":"hinge","learning_rate":0.01,"seed":1,"hyperparameters":{"hidden":[2],"activation":"relu","initial_sd":null,"optimizer":"momentum","batch_size":32,"epochs":3},"device":"auto"}','auto','circles/tutorial/hinge/2/relu/None/momentum/32',3,'done',1,0,1,3,1.37375499616609886288e-03,'{"accuracy":{"train":0.462,"test":0.54},"balanced_accuracy":{"train":0.4619175627240143,"test":0.539810547875064},"macro_f1":{"train":0.4618945313281403,"test":0.5396390770363966},"roc_auc":{"train":0.48977534562211983,"test":0.5649801587301587},"log_loss":null,"brier":null,"ece":null,"keras2_accuracy":{"train":0.148,"test":0.172},"keras3_accuracy":{"train":0.0,"test":0.0}}','{"tensorflow":"2.21.0","keras":"3.15.1","numpy":"2.4.6","device":"CPU","cpu":"AMD EPYC"}',NULL,1.79538642725105714796e+09,19);
INSERT INTO "trials" VALUES(4,'41e59ac50a6bddfe37c1bc2d5330d5d4','{"task":"circles","protocol":"tutorial","loss":"binary_crossentropy","learning_rate":0.01,"seed":1,"hyperparameters":{"hidden":[2],"activation":"relu","initial_sd":null,"optimizer":"momentum","batch_size":32,"epochs":3},"device":"auto"}','auto','circles/tutorial/binary_crossentropy/2/relu/None/momentum/32',3,'done',1,0,1,3,1.38805699680233374238e-03,'{"accuracy":{"train":0.498,"test":0.562},"balanced_accuracy":{"train":0.49942396313364057,"test":0.560483870967742},"macro_f1":{"train":0.48232693013682243,"test":0.5448707557639313},"roc_auc":{"train":0.4944716461853559,"test":0.5639400921658986},"log_loss":{"train":0.6926512796893374,"test":0.6809935617169061},"brier":{"train":0.24981225484590192,"test":0.24400106341162728},"ece":{"train":0.10100324993673229,"test":0.07827276130907043},"keras2_accuracy":null,"keras3_accuracy":null}','{"tensorflow":"2.21.0","keras":"3.15.1","numpy":"2.4.6","device":"CPU","cpu":"AMD EPYC"}',NULL,1.79538642648789334294e+09,13);
INSERT INTO "trials" VALUES(5,'e5fbbc02299fa7d7256afbfec2979018','{"task":"circles","protocol":"tutorial","loss":"squared_hinge","learning_rate":1e30,"seed":0,"hyperparameters":{"hidden":[2],"activation":"relu","initial_sd":null,"optimizer":"momentum","batch_size":32,"epochs":3},"device":"auto"}','auto','circles/tutorial/squared_hinge/2/relu/None/momentum/32',3,'done',2,0,1,3,2.76697100343881174921e-03,'{"accuracy":{"train":0.496,"test":0.504},"balanced_accuracy":{"train":0.5,"test":0.5},"macro_f1":{"train":0.3315508021390374,"test":0.3351063829787234},"roc_auc":{"train":0.5,"test":0.5},"log_loss":null,"brier":null,"ece":null,"keras2_accuracy":{"train":0.496,"test":0.504},"keras3_accuracy":{"train":0.496,"test":0.504}}','{"tensorflow":"2.21.0","keras":"3.15.1","numpy":"2.4.6","device":"CPU","cpu":"AMD EPYC"}',NULL,1.7953864282081394196e+09,22);
INSERT INTO "trials" VALUES(6,'cc4672d0c4cde90a2c83585c2dd96427','{"task":"circles","protocol":"tutorial","loss":"hinge","learning_rate":0.01,"seed":0,"hyperparameters":{"hidden":[2],"activation":"relu","initial_sd":null,"optimizer":"momentum","batch_size":32,"epochs":5},"device":"auto"}','auto','circles/tutorial/hinge/2/relu/None/momentum/32',5,'cancelled',25,1,0,0,NULL,NULL,NULL,NULL,1.79538643118385672571e+09,26);
INSERT INTO "trials" VALUES(7,'ec8231e1db1065141cde45850065fc95','{"task":"circles","protocol":"tutorial","loss":"hinge","learning_rate":0.01,"seed":0,"hyperparameters":{"hidden":[2],"activation":"relu","initial_sd":null,"optimizer":"momentum","batch_size":32,"epochs":4},"device":"auto"}','auto','circles/tutorial/hinge/2/relu/None/momentum/32',4,'failed',27,0,1,0,NULL,NULL,'{"tensorflow":"2.21.0","keras":"3.15.1","numpy":"2.4.6","device":"CPU","cpu":"AMD EPYC"}','ValueError: it broke',1.79538643118439292904e+09,29);
INSERT INTO "trials" VALUES(8,'5f4a220ea887105b864b978ace31e535','{"task":"circles","protocol":"tutorial","loss":"hinge","learning_rate":0.01,"seed":0,"hyperparameters":{"hidden":[2],"activation":"relu","initial_sd":null,"optimizer":"momentum","batch_size":32,"epochs":6},"device":"auto"}','auto','circles/tutorial/hinge/2/relu/None/momentum/32',6,'running',30,0,1,2,NULL,NULL,NULL,NULL,NULL,32);
INSERT INTO "trials" VALUES(9,'06345f24a78368bfd63ca898c752477d','{"task":"circles","protocol":"tutorial","loss":"binary_crossentropy","learning_rate":0.01,"seed":0,"hyperparameters":{"hidden":[2],"activation":"relu","initial_sd":null,"optimizer":"momentum","batch_size":32,"epochs":6},"device":"auto"}','auto','circles/tutorial/binary_crossentropy/2/relu/None/momentum/32',6,'queued',30,0,0,0,NULL,NULL,NULL,NULL,NULL,30);
CREATE TABLE workers (
        device TEXT PRIMARY KEY,
        pid INTEGER NOT NULL,
        state TEXT NOT NULL,
        message TEXT NOT NULL,
        environment TEXT,
        changed INTEGER NOT NULL
    );
INSERT INTO "workers" VALUES('auto',19097,'ready','ready','{"tensorflow":"2.21.0","keras":"3.15.1","numpy":"2.4.6","device":"CPU","cpu":"AMD EPYC"}',23);
CREATE INDEX comparisons_by_session ON comparisons (session);
CREATE INDEX trials_by_status ON trials (status, device, program, epochs_asked);
CREATE INDEX trials_by_change ON trials (changed);
CREATE INDEX comparisons_of_trial ON comparison_trials (trial);
CREATE INDEX curves_of_trial ON curves (trial);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('curves',9);
COMMIT;
