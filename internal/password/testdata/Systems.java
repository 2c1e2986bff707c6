import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.*;
import org.keycloak.credential.hash.Pbkdf2PasswordHashProvider;
import org.keycloak.crypto.hash.Argon2PasswordHashProvider;
import org.keycloak.models.credential.PasswordCredentialModel;
import org.springframework.security.crypto.argon2.Argon2PasswordEncoder;
import org.springframework.security.crypto.bcrypt.BCryptPasswordEncoder;
import org.springframework.security.crypto.factory.PasswordEncoderFactories;
import org.springframework.security.crypto.password.*;
import org.springframework.security.crypto.scrypt.SCryptPasswordEncoder;

/** Prints rows [tool, name, password, hash] of Spring Security and Keycloak; see make_systems.py. */
public class Systems {
  static final List<List<String>> rows = new ArrayList<>();
  static final ObjectMapper json = new ObjectMapper();

  public static void main(String[] args) throws Exception {
    Map<String, String> passwords = json.readValue(System.in, LinkedHashMap.class);
    Map<String, PasswordEncoder> encoders = new LinkedHashMap<>();
    encoders.put("argon2", new Argon2PasswordEncoder(16, 32, 1, 64, 3));
    encoders.put("argon2@SpringSecurity_v5_8", Argon2PasswordEncoder.defaultsForSpringSecurity_v5_8());
    encoders.put("bcrypt", new BCryptPasswordEncoder(4));
    encoders.put("pbkdf2", Pbkdf2PasswordEncoder.defaultsForSpringSecurity_v5_5());
    encoders.put("pbkdf2@SpringSecurity_v5_8", Pbkdf2PasswordEncoder.defaultsForSpringSecurity_v5_8());
    encoders.put("scrypt", new SCryptPasswordEncoder(16, 8, 1, 32, 64));
    encoders.put("scrypt@SpringSecurity_v5_8", SCryptPasswordEncoder.defaultsForSpringSecurity_v5_8());
    for (var p : passwords.entrySet())
      for (var e : encoders.entrySet()) {
        if (e.getKey().equals("bcrypt") && p.getValue().length() > 72) continue;
        if (!p.getKey().equals("plain") && !List.of("argon2", "bcrypt", "scrypt").contains(e.getKey())) continue; // one cost, which is high
        var encoder = new DelegatingPasswordEncoder(e.getKey(), Map.of(e.getKey(), e.getValue()));
        String hash = encoder.encode(p.getValue());
        if (!PasswordEncoderFactories.createDelegatingPasswordEncoder().matches(p.getValue(), hash)) throw new Error(hash);
        rows.add(List.of("Spring Security 6.5", "Spring " + e.getKey() + ", " + p.getKey(), p.getValue(), hash));
      }
    rows.add(List.of("Spring Security 6.5", "Spring scrypt, bare", "correct horse battery staple",
        new SCryptPasswordEncoder(1 << 5, 8, 1, 32, 64).encode("correct horse battery staple")));
    org.keycloak.common.crypto.CryptoIntegration.init(Systems.class.getClassLoader());
    for (var p : passwords.entrySet()) {
      for (String f : List.of("sha1", "sha256", "sha512"))
        keycloak(f, p, new Pbkdf2PasswordHashProvider(f.equals("sha1") ? "pbkdf2" : "pbkdf2-" + f, "PBKDF2WithHmac" + f.toUpperCase(), 100, 0, 512)
            .encodedCredential(p.getValue(), -1));
      keycloak("argon2", p, new Argon2PasswordHashProvider("1.3", "id", 32, 64, 3, 2, new java.util.concurrent.Semaphore(1))
          .encodedCredential(p.getValue(), 3));
    }
    json.writeValue(System.out, rows);
  }

  static void keycloak(String kind, Map.Entry<String, String> p, PasswordCredentialModel made) throws Exception {
    String text = json.writeValueAsString(new TreeMap<>(Map.of("type", "password", "secretData", made.getSecretData(), "credentialData", made.getCredentialData())));
    rows.add(List.of("Keycloak 26.2", "Keycloak " + kind + ", " + p.getKey(), p.getValue(), text));
  }
}
