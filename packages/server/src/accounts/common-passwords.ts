// The words that guessing starts with, in lower case; password-policy.ts also refuses them with digits or marks behind.
// Runs and repetitions are not listed: they are recognised.

const words =
  'password passw0rd p@ssword p@ssw0rd pass password1 passwort motdepasse contrasena senha wachtwoord letmein letmeinnow ' +
  'welcome welcome1 willkommen bienvenue iloveyou iloveu sunshine princess football baseball basketball superman batman ' +
  'starwars monkey dragon master shadow michael jennifer jordan hunter trustno1 whatever computer internet samsung google ' +
  'facebook linkedin microsoft windows apple iphone android administrator admin adminadmin root rootroot toor changeme ' +
  'changeit default secret secretsecret topsecret qwerty qwertyui qwertyuiop qwertz qwertzuiop azerty azertyuiop asdfasdf ' +
  'asdfgh asdfghjk asdfghjkl zxcvbnm zxcvbnm1 qazwsx qazwsxedc 1q2w3e4r 1q2w3e4r5t 1qaz2wsx 1qazxsw2 q1w2e3r4 q1w2e3r4t5 ' +
  'zaq12wsx zaq1zaq1 abcd1234 abc12345 abcabc12 a1b2c3d4 1a2b3c4d pass1234 test testtest tester guest login guestguest ' +
  'user username access matrix killer freedom charlie liverpool chelsea arsenal pokemon naruto minecraft fortnite ' +
  'hello hellohello helloworld cheese chocolate cookie summer winter spring autumn flower lovely mustang corvette ferrari ' +
  'mercedes harley yankees cowboys steelers packers eagles redskins phoenix thunder tigger ginger pepper buster maggie ' +
  'ashley nicole daniel thomas robert matthew andrew joshua anthony jessica amanda michelle nothing unknown mypassword ' +
  'yourpassword thepassword newpassword oldpassword nopassword mysecret countersign correcthorsebatterystaple ' +
  '11223344 12344321 123qweasd 123123123 12121212 69696969 10203040 31415926 1234qwer 12341234 87654321a 147258369 789456123'

export const commonPasswords: ReadonlySet<string> = new Set(words.split(' '))
