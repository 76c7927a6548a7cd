// A certified OpenID Connect provider on loopback, which lets in whom it was told to: POST /control {who, groups, gone, down}.
import http from 'node:http';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(`${process.cwd()}/`);
const { default: Provider } = await import(pathToFileURL(require.resolve('oidc-provider')).href);
const redirect = process.argv[2];
const said = { who: 'alice', groups: {}, gone: [], down: false };
let provider;

const server = http.createServer(async (request, response) => {
  const url = new URL(request.url, 'http://127.0.0.1');
  if (url.pathname === '/control') {
    let text = '';
    for await (const part of request) text += part;
    Object.assign(said, JSON.parse(text));
    response.end('ok');
    return;
  }
  if (typeof said.down === 'number') {
    response.writeHead(said.down).end('down');
    return;
  }
  if (said.down) {
    request.socket.destroy();
    return;
  }
  if (url.pathname.startsWith('/interaction/')) {
    const { prompt, params, grantId } = await provider.interactionDetails(request, response);
    if (!said.who) {
      await provider.interactionFinished(request, response, { error: 'access_denied' });
      return;
    }
    if (prompt.name === 'login') {
      await provider.interactionFinished(request, response, { login: { accountId: said.who } });
      return;
    }
    const grant = grantId
      ? await provider.Grant.find(grantId)
      : new provider.Grant({ accountId: said.who, clientId: params.client_id });
    grant.addOIDCScope(params.scope);
    await provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } });
    return;
  }
  provider.callback()(request, response);
});

server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  provider = new Provider(issuer, {
    clients: [{
      client_id: 'rtb-hub',
      client_secret: 'a secret/with+signs',
      redirect_uris: [redirect],
      grant_types: ['authorization_code', 'refresh_token'],
    }],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['groups'] },
    conformIdTokenClaims: false,
    cookies: { keys: ['of-tests'] },
    features: { devInteractions: { enabled: false } },
    findAccount: (_, sub) => (said.gone.includes(sub) ? undefined : {
      accountId: sub,
      claims: () => ({ sub, email: `${sub}@example.com`, email_verified: true, groups: said.groups[sub] }),
    }),
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    issueRefreshToken: async () => true,
    pkce: { required: () => true },
    rotateRefreshToken: true,
  });
  console.log(`listening ${issuer}`);
});
