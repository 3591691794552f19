package apikey

import "encoding/base64"

// Encode writes a key in standard base64 with padding. It refuses parts that
// [Decode] would not read back the same.
func Encode(endpoint, clientID, secret, org string) (string, error) {
	text := base64.StdEncoding.EncodeToString([]byte(endpoint + ":" + clientID + ":" + secret + ":" + org))
	k, err := Decode(text)
	if err != nil {
		return "", err
	}
	if k.Endpoint != endpoint || k.ClientID != clientID || k.Secret.Reveal() != secret || k.Org != org {
		return "", wrong("cannot hold these parts: only the endpoint and the secret may have a colon in them, " +
			"and not both in every case")
	}
	return text, nil
}
